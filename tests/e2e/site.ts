import {
  chromium as playwright,
  type Browser,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from 'playwright-core';
import { preview, type PreviewServer } from 'vite';
import { chromium } from '../../scripts/chromium.mjs';

/** The built site, served on a free port, and a browser that looks at it. */
export class Site {
  readonly address: string;
  readonly browser: Browser;
  readonly #server: PreviewServer;

  private constructor(address: string, browser: Browser, server: PreviewServer) {
    this.address = address;
    this.browser = browser;
    this.#server = server;
  }

  static async open(): Promise<Site> {
    const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
    const browser = await playwright.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
    return new Site(server.resolvedUrls!.local[0]!, browser, server);
  }

  /** A page of its own storage, at a lab, with its first request explained. */
  async lab(slug: string, options: BrowserContextOptions & { fragment?: string } = {}): Promise<Page> {
    const { fragment = '', ...rest } = options;
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, ...rest });
    const page = await context.newPage();
    await page.goto(`${this.address}labs/${slug}${fragment}`);
    await explained(page);
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.#server.close();
  }
}

/** Waits until the selected request has its steps. */
export const explained = (page: Page): Promise<void> =>
  page.locator('[aria-current=step]').waitFor({ state: 'attached' });

/** A narrow page keeps the plain editor: what is written there is one text area. */
export const NARROW = { viewport: { width: 390, height: 844 } };

export async function show(page: Page, pane: 'Lesson' | 'Config' | 'Request' | 'Why'): Promise<void> {
  await page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: pane }).click();
}

/** The configuration in the plain editor. */
export const plainEditor = (page: Page): Locator => page.getByRole('textbox', { name: 'envoy.yaml' });
