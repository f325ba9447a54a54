import { useState, type ReactNode } from 'react';
import { ChannelsPanel } from './channels-panel.tsx';
import { ChatPanel } from './chat-panel.tsx';
import { focusComposer } from './composer.tsx';
import { ConnectionBar } from './connection-bar.tsx';
import { FramesPanel } from './frames-panel.tsx';
import { Header } from './header.tsx';
import { useMediaQuery, usePlayground, useReadable } from './hooks.ts';
import { ChannelsIcon, ChatIcon, FramesIcon, PeopleIcon } from './icons.tsx';
import { PeoplePanel } from './people-panel.tsx';
import { panelId, TabBar, type Tab } from './tabs.tsx';

type PanelName = 'chat' | 'people' | 'frames' | 'channels';

const tabs: Readonly<Record<PanelName, Tab<PanelName>>> = {
  chat: { name: 'chat', label: 'Chat', icon: <ChatIcon /> },
  people: { name: 'people', label: 'People', icon: <PeopleIcon /> },
  frames: { name: 'frames', label: 'Frames', icon: <FramesIcon /> },
  channels: { name: 'channels', label: 'Console', icon: <ChannelsIcon /> },
};

/** Which panels stand in a place of their own, and which share one and take turns in it. */
interface Layout {
  /** CSS `grid-template`: an area for each fixed panel, `bar` for the tabs and `tabbed` for the shared place. */
  readonly template: string;
  readonly tabbed: readonly PanelName[];
}

const narrow: Layout = {
  template: '"tabbed" minmax(0, 1fr) "bar" auto / minmax(0, 1fr)',
  tabbed: ['chat', 'people', 'frames', 'channels'],
};
const medium: Layout = {
  template: '"chat bar" auto "chat tabbed" minmax(0, 1fr) / minmax(0, 1fr) minmax(20rem, 26rem)',
  tabbed: ['frames', 'channels', 'people'],
};
const wide: Layout = {
  template:
    '"people chat bar" auto "people chat tabbed" minmax(0, 1fr) / 13.5rem minmax(0, 1fr) minmax(24rem, 32rem)',
  tabbed: ['frames', 'channels'],
};

function useLayout(): Layout {
  const isMedium = useMediaQuery('(width >= 48rem)');
  const isWide = useMediaQuery('(width >= 76rem)');
  if (isWide) return wide;
  return isMedium ? medium : narrow;
}

export function App(): ReactNode {
  const { room } = usePlayground();
  const { name } = useReadable(room);
  return (
    <div className="flex h-dvh flex-col">
      <title>{`#${name} · Thrum playground`}</title>
      <button
        type="button"
        onClick={focusComposer}
        className="absolute -top-20 left-3 z-10 rounded-lg bg-accent px-4 py-2 font-medium text-on-accent focus:top-3"
      >
        Skip to the message box
      </button>
      <Header />
      <ConnectionBar />
      <Panels />
    </div>
  );
}

/**
 * Every panel stays mounted in one place of the tree, whatever the layout: a half-written message and a scroll position
 * outlive a change of tab and a turned phone.
 */
function Panels(): ReactNode {
  const room = useReadable(usePlayground().room);
  const layout = useLayout();
  const [chosen, choose] = useState<PanelName>('chat');
  const active = layout.tabbed.includes(chosen) ? chosen : (layout.tabbed[0] ?? 'chat');
  const slot = (name: PanelName): SlotProps => ({
    name,
    isTab: layout.tabbed.includes(name),
    isHidden: layout.tabbed.includes(name) && name !== active,
  });
  return (
    <main className="grid min-h-0 flex-1 gap-px bg-line" style={{ gridTemplate: layout.template }}>
      <Slot {...slot('people')}>
        <PeoplePanel room={room} />
      </Slot>
      <Slot {...slot('chat')}>
        <ChatPanel key={room.name} room={room} />
      </Slot>
      <TabBar
        tabs={layout.tabbed.map((name) => tabs[name])}
        active={active}
        onChoose={choose}
        isFoot={layout === narrow}
      />
      <Slot {...slot('frames')}>
        <FramesPanel />
      </Slot>
      <Slot {...slot('channels')}>
        <ChannelsPanel />
      </Slot>
    </main>
  );
}

interface SlotProps {
  readonly name: PanelName;
  readonly isTab: boolean;
  readonly isHidden: boolean;
  readonly children?: ReactNode;
}

function Slot({ name, isTab, isHidden, children }: SlotProps): ReactNode {
  return (
    <section
      id={panelId(name)}
      hidden={isHidden}
      role={isTab ? 'tabpanel' : 'region'}
      aria-label={tabs[name].label}
      className="flex min-h-0 min-w-0 flex-col bg-surface [[hidden]]:hidden"
      style={{ gridArea: isTab ? 'tabbed' : name }}
    >
      {children}
    </section>
  );
}
