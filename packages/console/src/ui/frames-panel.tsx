import { useDeferredValue, useState, type ReactNode } from 'react';
import { filterEntries, inspectorCapacity, type InspectorEntry } from '../lib/inspector.ts';
import { EmptyState, IconButton, TextField } from './controls.tsx';
import { FrameRow, NoteRow } from './frame-row.tsx';
import { usePlayground, useReadable } from './hooks.ts';
import { PauseIcon, PlayIcon, TrashIcon } from './icons.tsx';

export function FramesPanel(): ReactNode {
  const { inspector } = usePlayground();
  const { entries, paused, missed } = useReadable(inspector.view);
  const [query, setQuery] = useState('');
  // Typing in the filter stays quick however many frames there are to search.
  const shown = filterEntries(entries, useDeferredValue(query));
  return (
    <>
      <div className="flex h-12 shrink-0 items-center gap-1 border-b border-line px-4">
        <h2 className="sr-only">Frames</h2>
        <TextField
          type="search"
          aria-label="Filter frames"
          placeholder="Filter by type or text"
          className="mr-1 flex-1"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <IconButton
          label={paused ? 'Resume' : 'Pause'}
          aria-pressed={paused}
          className={paused ? 'bg-warn-soft! text-warn!' : ''}
          onClick={() => inspector.pause(!paused)}
        >
          {paused ? <PlayIcon /> : <PauseIcon />}
        </IconButton>
        <IconButton label="Clear" disabled={entries.length === 0} onClick={() => inspector.clear()}>
          <TrashIcon />
        </IconButton>
      </div>
      <FrameList entries={shown} isFiltered={query.trim() !== ''} />
      <p className="flex shrink-0 gap-3 border-t border-line px-4 py-2 text-xs text-muted tabular-nums">
        <span className="mr-auto">{summary(shown.length, entries.length)}</span>
        {paused && <span className="text-warn">Paused · {missed} passed unseen</span>}
      </p>
    </>
  );
}

function summary(shown: number, all: number): string {
  const count = shown === all ? `${all} frames` : `${shown} of ${all} frames`;
  return all >= inspectorCapacity ? `${count}, the oldest are dropped` : count;
}

interface FrameListProps {
  readonly entries: readonly InspectorEntry[];
  readonly isFiltered: boolean;
}

function FrameList({ entries, isFiltered }: FrameListProps): ReactNode {
  const { url } = usePlayground();
  if (entries.length === 0) {
    return isFiltered ? (
      <EmptyState title="No frame matches">Every word has to occur in its type or text.</EmptyState>
    ) : (
      <EmptyState title="No frames yet">What goes over the wire appears here as it happens.</EmptyState>
    );
  }
  return (
    <div className="rest-at-end min-h-0 flex-1">
      <ol className="mb-auto divide-y divide-line">
        {entries.map((entry) =>
          entry.direction === 'note' ? (
            <NoteRow key={entry.seq} entry={entry} />
          ) : (
            <FrameRow key={entry.seq} entry={entry} url={url} />
          ),
        )}
      </ol>
    </div>
  );
}
