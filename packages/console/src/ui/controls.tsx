import type { ComponentProps, ReactNode } from 'react';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

const looks: Readonly<Record<Look, string>> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-hover border-transparent',
  plain: 'border-line-strong bg-surface hover:bg-hover',
  quiet: 'border-transparent text-muted hover:bg-hover hover:text-ink',
  danger: 'border-line-strong bg-surface text-bad hover:bg-bad-soft hover:border-bad',
};

export interface ButtonProps extends ComponentProps<'button'> {
  readonly look?: Look;
}

export function Button({ look = 'plain', className = '', type = 'button', ...rest }: ButtonProps): ReactNode {
  return (
    <button
      type={type}
      className={`inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-lg border px-3 text-sm font-medium whitespace-nowrap transition-colors disabled:pointer-events-none disabled:opacity-45 pointer-coarse:h-10 ${looks[look]} ${className}`}
      {...rest}
    />
  );
}

/** A square button that shows only an icon; its label is read out and shown on hover. */
export function IconButton({
  label,
  className = '',
  ...rest
}: ButtonProps & { readonly label: string }): ReactNode {
  return (
    <Button
      look="quiet"
      aria-label={label}
      title={label}
      className={`w-8 px-0! pointer-coarse:w-10 ${className}`}
      {...rest}
    />
  );
}

export const fieldStyle =
  'min-w-0 rounded-lg border border-line-strong bg-surface px-2.5 text-sm transition-colors hover:border-muted focus-visible:outline-offset-0 aria-invalid:border-bad';

export function TextField({ className = '', ...rest }: ComponentProps<'input'>): ReactNode {
  return (
    <input
      autoComplete="off"
      spellCheck={false}
      className={`${fieldStyle} h-8 pointer-coarse:h-10 pointer-coarse:text-base ${className}`}
      {...rest}
    />
  );
}

export function PanelHeader({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <header className="flex min-h-12 shrink-0 items-center gap-2 border-b border-line px-4">
      <h2 className="mr-auto text-sm font-semibold">{title}</h2>
      {children}
    </header>
  );
}

/** What a panel says while it has nothing to show. */
export function EmptyState({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <div className="m-auto max-w-72 p-6 text-center text-sm text-balance text-muted">
      <p className="mb-1 font-medium text-ink">{title}</p>
      {children}
    </div>
  );
}
