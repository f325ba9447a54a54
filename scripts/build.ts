import { cpSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildConsole } from './console.ts';
import { root, tool } from './run.ts';

// tsc never removes the output of a source that is gone, and a package would ship it.
for (const dist of globSync('packages/*/dist', { cwd: root })) rmSync(join(root, dist), { recursive: true });

const types = await tool('@typescript/native', ['-b']);
process.stdout.write(types.output);
if (types.code !== 0) process.exit(types.code);

await buildConsole();
// The published server carries the console; a checkout serves it from packages/console/dist.
cpSync(join(root, 'packages/console/dist'), join(root, 'packages/server/dist/console'), { recursive: true });
