/**
 * Reads `text/event-stream` (HTML §9.2.6) from pieces cut anywhere. Fields other than `event` and `data` mean nothing here.
 *
 * @param dispatch gets each event that has data; `event` is empty where it has no name
 */
export const createEventReader = (
  dispatch: (event: string, data: string) => void,
): ((piece: string) => void) => {
  let rest = '';
  let event = '';
  let data: string[] = [];
  return (piece) => {
    // A CR at the end may be the half of a CRLF.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() as string;
    for (const line of lines) {
      const [, field, value] = /^([^:]*):? ?([^]*)/.exec(line) as string[];
      if (field === 'event') event = value as string;
      else if (field === 'data') data.push(value as string);
      else if (!line) {
        if (data.length > 0) dispatch(event, data.join('\n'));
        event = '';
        data = [];
      }
    }
  };
};
