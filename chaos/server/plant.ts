import { plantBug } from '@thrum/sim/plant-hook';
import { plantedAs } from '../plants.ts';

// Loaded before everything else, in worker threads too: the broker's are where some mistakes have to be.
const name = process.env['CHAOS_PLANT'];
if (name !== undefined) plantBug(plantedAs(name).plant);
