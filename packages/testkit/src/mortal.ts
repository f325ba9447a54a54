// Preloaded into the processes that tests start: whoever started this one holds the other end of its standard input, and
// when that is gone, killed included, so is this. It keeps nothing alive by itself.
const { stdin } = process;
const end = (): void => void process.kill(process.pid, 'SIGKILL');
stdin.on('end', end).on('error', end).resume();
(stdin as { unref?: () => void }).unref?.();
