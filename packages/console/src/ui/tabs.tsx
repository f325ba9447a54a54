import type { KeyboardEvent, ReactNode } from 'react';

export interface Tab<Name extends string> {
  readonly name: Name;
  readonly label: string;
  readonly icon: ReactNode;
}

interface TabBarProps<Name extends string> {
  readonly tabs: readonly Tab<Name>[];
  readonly active: Name;
  readonly onChoose: (name: Name) => void;
  /** At the foot of a small screen, within reach of the thumb. */
  readonly isFoot: boolean;
}

export function panelId(name: string): string {
  return `panel-${name}`;
}

/** Tabs after the ARIA pattern: one stop for the Tab key, arrows move among them. */
export function TabBar<Name extends string>({
  tabs,
  active,
  onChoose,
  isFoot,
}: TabBarProps<Name>): ReactNode {
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const index = tabs.findIndex(({ name }) => name === active);
    const next = tabs[(index + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.name);
    document.querySelector<HTMLElement>(`#tab-${next.name}`)?.focus();
  };
  const bar = isFoot ? 'pb-[env(safe-area-inset-bottom)]' : 'h-[calc(3rem-1px)] px-2';
  return (
    <div
      role="tablist"
      aria-label="Panels"
      tabIndex={-1}
      className={`flex items-stretch gap-1 bg-surface ${bar}`}
      style={{ gridArea: 'bar' }}
      onKeyDown={onKeyDown}
    >
      {tabs.map((tab) => (
        <TabButton
          key={tab.name}
          tab={tab}
          isActive={tab.name === active}
          isFoot={isFoot}
          onChoose={onChoose}
        />
      ))}
    </div>
  );
}

interface TabButtonProps<Name extends string> {
  readonly tab: Tab<Name>;
  readonly isActive: boolean;
  readonly isFoot: boolean;
  readonly onChoose: (name: Name) => void;
}

function TabButton<Name extends string>({
  tab,
  isActive,
  isFoot,
  onChoose,
}: TabButtonProps<Name>): ReactNode {
  const shape = isFoot
    ? 'h-14 flex-1 flex-col justify-center gap-0.5 text-xs before:top-0'
    : 'gap-2 px-3 text-sm before:bottom-0';
  const look = isActive ? 'text-ink before:bg-accent' : 'text-muted hover:text-ink';
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${tab.name}`}
      aria-selected={isActive}
      aria-controls={panelId(tab.name)}
      tabIndex={isActive ? 0 : -1}
      onClick={() => onChoose(tab.name)}
      className={`relative flex items-center font-medium transition-colors before:absolute before:inset-x-3 before:h-0.5 before:rounded-full focus-visible:-outline-offset-2 ${shape} ${look}`}
    >
      {tab.icon}
      {tab.label}
    </button>
  );
}
