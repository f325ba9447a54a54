// `npm run screenshot`: docs/playground.png, two windows in one room while the server is away. For the README.
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../e2e/chromium.ts';
import { openWindow, say, saying, state } from '../e2e/playground.ts';
import { ServerProcess } from '../e2e/server-process.ts';
import { ensureConsole } from './console.ts';

const target = fileURLToPath(new URL('../docs/playground.png', import.meta.url));
const size = { width: 860, height: 720 };

async function sideBySide(browser: Browser, pages: readonly Page[]): Promise<void> {
  const pictures = await Promise.all(pages.map((page) => page.screenshot()));
  const images = pictures.map((picture) => `<img src="data:image/png;base64,${picture.toString('base64')}">`);
  const sheet = await browser.newPage({
    viewport: { width: size.width * pages.length + 72, height: size.height + 48 },
  });
  await sheet.setContent(
    `<style>body{margin:0;padding:24px;display:flex;gap:24px;background:#8aa39f}
     img{border-radius:10px;box-shadow:0 6px 24px #0006}</style>${images.join('')}`,
  );
  await sheet.screenshot({ path: target });
}

await ensureConsole();
await using server = new ServerProcess();
await server.start();
const browser = await launchChromium();
try {
  const ada = await openWindow(browser, server.url, 'Ada', { ...size, dark: false });
  const grace = await openWindow(browser, server.url, 'Grace', { ...size, dark: true });
  await say(ada, 'Shall we ship it today?');
  await saying(grace, 'Shall we ship it today?').waitFor();
  await say(grace, 'Let me pull the plug on the server first.');
  await saying(ada, 'Let me pull the plug').waitFor();
  await server.kill();
  await Promise.all([state(ada, 'reconnecting'), state(grace, 'reconnecting')]);
  await say(ada, 'This one waits in the queue,');
  await say(ada, 'and so does this.');
  await sideBySide(browser, [ada, grace]);
} finally {
  await browser.close();
}
process.stdout.write(`${target}\n`);
