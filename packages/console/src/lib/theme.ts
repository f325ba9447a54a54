import { Store, type Readable } from './store.ts';

/** `system` follows the operating system's setting, live. */
export type Theme = 'system' | 'light' | 'dark';

const key = 'thrum.theme';
const order: readonly Theme[] = ['system', 'light', 'dark'];

/** The colour scheme. `public/theme.js` applies the stored choice before the first paint; this changes it. */
export class ThemeStore {
  readonly #root: HTMLElement;
  readonly #storage: Pick<Storage, 'setItem' | 'removeItem'>;
  readonly #theme: Store<Theme>;

  constructor(root: HTMLElement, storage: Pick<Storage, 'setItem' | 'removeItem'>) {
    this.#root = root;
    this.#storage = storage;
    const { theme } = root.dataset;
    this.#theme = new Store<Theme>(theme === 'light' || theme === 'dark' ? theme : 'system');
  }

  get current(): Readable<Theme> {
    return this.#theme;
  }

  next(): void {
    const theme = order[(order.indexOf(this.#theme.get()) + 1) % order.length] ?? 'system';
    if (theme === 'system') delete this.#root.dataset['theme'];
    else this.#root.dataset['theme'] = theme;
    try {
      if (theme === 'system') this.#storage.removeItem(key);
      else this.#storage.setItem(key, theme);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
    this.#theme.set(theme);
  }
}
