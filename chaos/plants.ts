export { plantOf } from '@thrum/sim/plants';
