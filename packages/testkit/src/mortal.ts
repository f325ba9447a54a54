// Preloaded into the processes that tests start: whoever started this one holds the other end of its standard input, and
// when that is gone, killed included, so is this. It keeps nothing alive by itself.
import { flushCompileCache } from 'node:module';

const { stdin } = process;
const end = (): void => void process.kill(process.pid, 'SIGKILL');
stdin.on('end', end).on('error', end).resume();
(stdin as { unref?: () => void }).unref?.();

// Node keeps what it has compiled when it exits, and most of these processes are killed. By then it has all been loaded, or the
// next process adds the rest.
setTimeout(flushCompileCache, 1000).unref();
