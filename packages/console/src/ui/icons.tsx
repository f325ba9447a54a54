import type { ReactNode } from 'react';

/** Drawn on a 16 px grid with one stroke width, so that they sit together; decoration for assistive technology. */
function Icon({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <svg
      viewBox="0 0 16 16"
      className="size-4 shrink-0"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const LogoIcon = (): ReactNode => (
  <svg viewBox="0 0 32 32" className="size-7 shrink-0 text-accent" aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="currentColor" />
    <g fill="none" stroke="var(--color-on-accent)" strokeLinecap="round" strokeWidth="2">
      <path d="M5 16q5.5-15 11 0t11 0" />
      <path d="M5 16q5.5-7.5 11 0t11 0" opacity=".6" />
      <path d="M5 16h22" opacity=".3" />
    </g>
  </svg>
);

export const ChatIcon = (): ReactNode => (
  <Icon>
    <path d="M2.5 4.500a2 2 0 0 1 2-2h7a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2H7l-3 3v-3a2 2 0 0 1-1.5-2z" />
  </Icon>
);

export const PeopleIcon = (): ReactNode => (
  <Icon>
    <circle cx="6" cy="5.5" r="2.5" />
    <path d="M1.5 13.500c.3-2.600 2-4 4.5-4s4.200 1.400 4.5 4M10.5 3.200a2.5 2.5 0 0 1 0 4.600M12.200 10c1.300.6 2.100 1.800 2.300 3.5" />
  </Icon>
);

export const FramesIcon = (): ReactNode => (
  <Icon>
    <path d="M5 13V3m0 0L2.5 5.500M5 3l2.5 2.500M11 3v10m0 0 2.5-2.500M11 13l-2.5-2.5" />
  </Icon>
);

export const ChannelsIcon = (): ReactNode => (
  <Icon>
    <path d="m3 4.5 3.5 3.500L3 11.500M8.5 12h4.5" />
  </Icon>
);

export const SendIcon = (): ReactNode => (
  <Icon>
    <path d="M8 13V3m0 0L3.5 7.500M8 3l4.5 4.5" />
  </Icon>
);

export const PlugIcon = (): ReactNode => (
  <Icon>
    <path d="M9 1.5 4.5 8.500H8l-1 6 4.5-7H8z" />
  </Icon>
);

export const SystemIcon = (): ReactNode => (
  <Icon>
    <rect x="2" y="3" width="12" height="8" rx="1.5" />
    <path d="M6 13.500h4" />
  </Icon>
);

export const SunIcon = (): ReactNode => (
  <Icon>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.500v1M8 13.500v1M1.5 8h1M13.5 8h1M3.400 3.400l.7.7M11.900 11.900l.7.7M12.600 3.400l-.7.7M4.100 11.900l-.7.7" />
  </Icon>
);

export const MoonIcon = (): ReactNode => (
  <Icon>
    <path d="M13.5 9.700A5.800 5.800 0 0 1 6.300 2.500a5.800 5.800 0 1 0 7.200 7.200z" />
  </Icon>
);

export const PauseIcon = (): ReactNode => (
  <Icon>
    <path d="M5.5 3.500v9M10.5 3.500v9" />
  </Icon>
);

export const PlayIcon = (): ReactNode => (
  <Icon>
    <path d="M5 3.200v9.600l7.5-4.800z" />
  </Icon>
);

export const TrashIcon = (): ReactNode => (
  <Icon>
    <path d="M2.5 4.500h11M6 4.500v-2h4v2M4 4.500l.6 9h6.800l.6-9" />
  </Icon>
);

export const CloseIcon = (): ReactNode => (
  <Icon>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Icon>
);

export const ClockIcon = (): ReactNode => (
  <Icon>
    <circle cx="8" cy="8" r="5.5" />
    <path d="M8 5v3l2 1.5" />
  </Icon>
);

export const CheckIcon = (): ReactNode => (
  <Icon>
    <path d="m3.5 8.5 3 3 6-7" />
  </Icon>
);

export const AlertIcon = (): ReactNode => (
  <Icon>
    <circle cx="8" cy="8" r="5.5" />
    <path d="M8 5v3.500M8 11h.01" />
  </Icon>
);
