import { chromium, type Browser, type LaunchOptions } from 'playwright-core';
import { findChromium } from '../scripts/chromium.ts';

/** Starts a headless Chromium with a fresh profile; `await using` closes it. */
export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const found = findChromium();
  if ('missing' in found) throw new Error(found.missing);
  return chromium.launch({
    ...options,
    executablePath: found.path,
    headless: true,
    args: [
      ...(options.args ?? []),
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
