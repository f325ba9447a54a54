import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

const intervalMicroseconds = 500;

let session: Session | undefined;

/** From here to {@link stopProfile}, and not before: what a process does to start is not the question. */
export async function startProfile(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: intervalMicroseconds });
  await session.post('Profiler.start');
}

/** Writes what was seen in the format that browsers' developer tools read too. */
export async function stopProfile(file: string): Promise<void> {
  const profile = await session?.post('Profiler.stop');
  session?.disconnect();
  session = undefined;
  if (profile !== undefined) writeFileSync(file, JSON.stringify(profile.profile));
}
