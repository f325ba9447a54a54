import { memo, useState, type ReactNode } from 'react';
import { byteSize, preciseTime } from '../lib/clock.ts';
import { copyText } from '../lib/clipboard.ts';
import { wscatLine, type InspectorEntry } from '../lib/inspector.ts';
import { jsonTokens, type JsonTokenKind } from '../lib/json-tokens.ts';
import { Button } from './controls.tsx';

interface FrameRowProps {
  readonly entry: InspectorEntry;
  readonly url: string;
}

export const FrameRow = memo(function FrameRow({ entry, url }: FrameRowProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const { direction, type, at, bytes, preview } = entry;
  const isOut = direction === 'out';
  return (
    <li data-testid="frame" data-direction={direction} data-type={type}>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="grid cursor-default grid-cols-[0.75rem_minmax(0,1fr)_auto] gap-x-2 px-4 py-1.5 transition-colors select-none hover:bg-hover focus-visible:-outline-offset-2 [&::-webkit-details-marker]:hidden">
          <span
            title={isOut ? 'Sent' : 'Received'}
            className={`font-mono text-sm ${isOut ? 'text-accent' : 'text-muted'}`}
          >
            <span aria-hidden="true">{isOut ? '↑' : '↓'}</span>
            <span className="sr-only">{isOut ? 'Sent' : 'Received'}</span>
          </span>
          <span className="truncate font-mono text-[0.8125rem] leading-5 font-semibold">{type}</span>
          <span className="text-xs leading-5 text-muted tabular-nums">
            {byteSize(bytes)} · {preciseTime(at)}
          </span>
          <span className="col-start-2 col-end-4 truncate font-mono text-xs leading-5 text-muted">
            {preview}
          </span>
        </summary>
        {isOpen && <FrameBody entry={entry} url={url} />}
      </details>
    </li>
  );
});

function FrameBody({ entry, url }: FrameRowProps): ReactNode {
  const { json, text, direction } = entry;
  const printed = json === undefined ? text : JSON.stringify(json, null, 2);
  return (
    <div className="bg-sunken px-4 pt-1 pb-3">
      <pre className="overflow-x-auto py-2 font-mono text-xs leading-5 wrap-anywhere whitespace-pre-wrap">
        <Json text={printed} />
      </pre>
      <div className="flex flex-wrap gap-2">
        <CopyButton label="Copy JSON" text={printed} />
        {direction === 'out' && <CopyButton label="Copy as wscat" text={wscatLine(url, text)} />}
      </div>
    </div>
  );
}

const colours: Readonly<Record<JsonTokenKind, string | undefined>> = {
  key: 'text-accent',
  string: undefined,
  literal: 'font-semibold',
  plain: 'text-muted',
};

function Json({ text }: { readonly text: string }): ReactNode {
  return jsonTokens(text).map(({ kind, text: piece }, index) => (
    <span key={index} className={colours[kind]}>
      {piece}
    </span>
  ));
}

function CopyButton({ label, text }: { readonly label: string; readonly text: string }): ReactNode {
  const [said, say] = useState<string>();
  const copy = async (): Promise<void> => {
    say((await copyText(text)) ? 'Copied' : 'Could not copy');
    setTimeout(() => say(undefined), 1500);
  };
  return (
    <Button className="h-7! px-2! text-xs!" onClick={() => void copy()}>
      <span aria-live="polite">{said ?? label}</span>
    </Button>
  );
}

/** What happened to the socket between two frames. */
export function NoteRow({ entry }: { readonly entry: InspectorEntry }): ReactNode {
  return (
    <li data-testid="frame-note" className="flex items-center gap-2 bg-sunken px-4 py-1.5 text-xs text-muted">
      <span className="font-medium text-ink">Socket {entry.type}</span>
      <span className="min-w-0 truncate" title={entry.text}>
        {entry.text}
      </span>
      <span className="ml-auto shrink-0 tabular-nums">{preciseTime(entry.at)}</span>
    </li>
  );
}
