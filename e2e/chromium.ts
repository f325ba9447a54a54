import { chromium, type Browser, type LaunchOptions } from 'playwright-core';
import { findChromium } from '../scripts/chromium.ts';

const disabledFeatures = [
  // The address bar's suggestions are two pages of their own in every window, and more work than the page under test.
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  // Of several such switches Chromium heeds the last, so this is also what Playwright turns off to stay in control.
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
];

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
      `--disable-features=${disabledFeatures.join(',')}`,
    ],
  });
}
