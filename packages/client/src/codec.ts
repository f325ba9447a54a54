import type { Settings } from './settings.ts';
import type { CodecName, SocketConstructor } from './socket-like.ts';

/** What a codec's module makes of the class that opens sockets. */
type Dress = (Socket: SocketConstructor | undefined) => SocketConstructor;

const modules: Record<Exclude<CodecName, 'json'>, () => Promise<{ readonly dress: Dress }>> = {
  msgpack: () => import('./codecs/msgpack.ts'),
  protobuf: () => import('./codecs/protobuf.ts'),
};

/** What has to be done before dialing, where frames do not travel as JSON. Throws for a codec that there is not. */
export const createCodecLoader = (settings: Settings): (() => Promise<void>) | undefined => {
  const { codec } = settings;
  if (codec === 'json') return undefined;
  let load: (typeof modules)['msgpack'] | undefined = modules[codec];
  if (!load) throw new TypeError(`codec: expected json, msgpack or protobuf, got ${String(codec)}`);
  return async () => {
    // Once: a module that could not be fetched may not be asked for again on the same page (HTML, module map), and the
    // server understands JSON.
    const due = load;
    load = undefined;
    if (due) settings.WebSocket = (await due()).dress(settings.WebSocket);
  };
};
