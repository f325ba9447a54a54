/** Functions that another process may call, by name. */
export type Calls<C> = { [Name in keyof C]: (options: never) => unknown };

interface Request {
  readonly id: number;
  readonly name: string;
  readonly options: unknown;
}

export type Response =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

type Handlers<C extends Calls<C>> = {
  [Name in keyof C]: (options: Parameters<C[Name]>[0]) => ReturnType<C[Name]> | Promise<ReturnType<C[Name]>>;
};

/** Answers the calls of the parent process, and ends with it. */
export function answer<C extends Calls<C>>(handlers: Handlers<C>): void {
  process.on('message', (request: Request) => void respond(handlers, request));
  process.on('disconnect', () => process.exit(0));
}

async function respond<C extends Calls<C>>(handlers: Handlers<C>, request: Request): Promise<void> {
  const { id, name, options } = request;
  try {
    const handle = handlers[name as keyof C] as (options: unknown) => unknown;
    send({ id, value: await handle(options) });
  } catch (error) {
    send({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

function send(response: Response): void {
  process.send?.(response);
}
