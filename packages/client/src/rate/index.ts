export { slowWhenHidden } from './hidden.ts';
export type { HiddenOptions } from './hidden.ts';
export { throttle } from './throttle.ts';
export type { Throttled, ThrottleOptions } from './throttle.ts';
