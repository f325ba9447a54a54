import { useState, type ReactNode } from 'react';
import { maxNameLength } from '../lib/identity.ts';
import type { Theme } from '../lib/theme.ts';
import { IconButton, TextField } from './controls.tsx';
import { usePlayground, useReadable } from './hooks.ts';
import { LogoIcon, MoonIcon, SunIcon, SystemIcon } from './icons.tsx';

export function Header(): ReactNode {
  return (
    <header className="flex h-14 shrink-0 items-center gap-3 border-b border-line bg-surface px-4">
      <LogoIcon />
      <h1 className="mr-auto flex items-baseline gap-2 text-base font-semibold tracking-tight">
        Thrum
        <span className="hidden text-sm font-normal tracking-normal text-muted sm:inline">playground</span>
      </h1>
      <NameField />
      <ThemeToggle />
    </header>
  );
}

function NameField(): ReactNode {
  const { identity } = usePlayground();
  const { name } = useReadable(identity.current);
  const [draft, setDraft] = useState<string>();
  const commit = (): void => {
    if (draft !== undefined) identity.rename(draft);
    setDraft(undefined);
  };
  return (
    <form
      className="flex min-w-0 items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        commit();
      }}
    >
      <label htmlFor="name" className="text-sm text-muted max-sm:sr-only">
        Your name
      </label>
      <TextField
        id="name"
        data-testid="name-input"
        className="w-40 min-w-0 flex-1"
        maxLength={maxNameLength}
        value={draft ?? name}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={commit}
      />
    </form>
  );
}

const themes: Readonly<Record<Theme, { readonly icon: ReactNode; readonly label: string }>> = {
  system: { icon: <SystemIcon />, label: 'Theme: as the system' },
  light: { icon: <SunIcon />, label: 'Theme: light' },
  dark: { icon: <MoonIcon />, label: 'Theme: dark' },
};

function ThemeToggle(): ReactNode {
  const { theme } = usePlayground();
  const current = useReadable(theme.current);
  const { icon, label } = themes[current];
  return (
    <IconButton data-testid="theme-toggle" data-choice={current} label={label} onClick={() => theme.next()}>
      {icon}
    </IconButton>
  );
}
