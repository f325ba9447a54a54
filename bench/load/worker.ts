// The load process: opens connections to one server and counts what comes.
import { answer } from '../process/answer.ts';
import type { LoadCalls } from '../process/calls.ts';
import { enter, runChurn } from './churn.ts';
import { Fleet } from './fleet.ts';
import { runLoop } from './loop.ts';

let fleet = new Fleet();

answer<LoadCalls>({
  connect: async (options) => {
    const start = performance.now();
    await fleet.connect(options);
    return (performance.now() - start) / 1000;
  },
  subscribe: ({ deadlineMs }) => fleet.subscribe(deadlineMs),
  publish: (options) => runLoop(fleet, options),
  weigh: ({ deadlineMs }) => fleet.weigh(deadlineMs),
  freeze: () => fleet.freeze(),
  thaw: () => fleet.thaw(),
  enter: (options) => enter(fleet, options),
  churn: (options) => runChurn(fleet, options),
  recover: (options) => fleet.recover(options),
  close: () => {
    fleet.close();
    fleet = new Fleet();
  },
});
