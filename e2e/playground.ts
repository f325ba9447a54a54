import type { Browser, Locator, Page } from 'playwright-core';

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
