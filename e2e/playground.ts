import type { Browser, Locator, Page, Route } from 'playwright-core';

export interface WindowOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** One browser window, with storage of its own, connected under a name. */
export async function openWindow(
  browser: Browser,
  url: string,
  name: string,
  { width = 860, height = 720, dark = false }: WindowOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    // Without a graphics card every frame of an animation is work for the processor.
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByTestId('name-input').fill(name);
  await page.getByTestId('name-input').press('Enter');
  await state(page, 'connected');
  return page;
}

/** Waits for a connection state. */
export async function state(page: Page, wanted: string): Promise<void> {
  await page.locator(`[data-testid=connection-state][data-state=${wanted}]`).waitFor();
}

/** Waits until it is connected in this way. */
export async function travels(page: Page, transport: string): Promise<void> {
  const bar = `[data-testid=connection-state][data-state=connected][data-transport=${transport}]`;
  await page.locator(bar).waitFor();
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId('message-input').fill(text);
  await page.getByTestId('message-input').press('Enter');
}

/** The messages on screen that hold a text. */
export function saying(page: Page, text: string): Locator {
  return page.getByTestId('message').filter({ hasText: text });
}

/** From the next load on the page itself is there without its server too, as an installed application is. */
export async function install(page: Page): Promise<void> {
  const kept = new Map<string, Parameters<Route['fulfill']>[0]>();
  // What a test serves has no address of its own, and would have to ask before it may connect to this machine.
  await page.context().grantPermissions(['local-network-access']);
  await page.context().route('**/*', async (route) => {
    const url = route.request().url();
    try {
      const response = await route.fetch();
      const answer = { status: response.status(), headers: response.headers(), body: await response.body() };
      if (route.request().method() === 'GET') kept.set(url, answer);
      await route.fulfill(answer);
    } catch {
      const answer = kept.get(url);
      await (answer === undefined ? route.abort() : route.fulfill(answer));
    }
  });
  await page.reload();
  await state(page, 'connected');
}
