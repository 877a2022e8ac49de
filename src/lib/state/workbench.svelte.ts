import type { LabPage } from '../content/lab_page.ts';
import type { Simulation } from '../simulation.ts';
import { LabSession } from './lab_session.svelte.ts';
import { Keeper } from './keeper.svelte.ts';
import { missingFeatures } from './browser_features.ts';
import { Notices } from './notices.svelte.ts';
import { fragmentOf, readFragment } from './share_link.ts';
import { View } from './view.svelte.ts';

export type Pane = 'lesson' | 'config' | 'request' | 'why';

/** All that belongs to one open lab, and what the buttons around it do. */
export class Workbench {
  readonly simulation: Simulation;
  readonly notices = new Notices();
  readonly view = new View();
  readonly session: LabSession;
  readonly keeper: Keeper;
  /** The pane that a narrow page shows, and the tab that a wide one has open. */
  pane = $state<Pane>('lesson');
  tab = $state<'request' | 'why' | 'terminal'>('why');

  constructor(lab: LabPage, simulation: Simulation) {
    this.simulation = simulation;
    this.session = new LabSession(lab, simulation, this.notices);
    this.keeper = new Keeper(this.session, this.notices);
  }

  /** What a link carries, or what was kept, takes the place of the start. */
  open(): () => void {
    this.view.open();
    const missing = missingFeatures();
    if (missing.length > 0) {
      this.session.engine = 'stopped';
      this.notices.say(
        'browser',
        `This browser lacks ${missing.join(' and ')}, so requests cannot be sent here. The lesson and the configuration can be read; a current browser runs them.`,
        { tone: 'bad' },
      );
      return () => undefined;
    }
    void this.#load();
    return () => this.keeper.close();
  }

  async #load(): Promise<void> {
    const link = readFragment(location.hash);
    if (link.kind === 'broken') this.notices.say('link', link.message, { tone: 'bad' });
    if (link.kind === 'state') {
      const { files, requests, request, step } = link.state;
      this.session.replace({ files, requests }, { request, step });
      this.tab = 'why';
      await this.keeper.openShared();
      return;
    }
    await this.keeper.open();
  }

  async share(): Promise<string> {
    const { files, requests, playback } = this.session;
    const link = new URL(location.href);
    link.hash = fragmentOf({ files, requests, request: playback.request, step: playback.step });
    history.replaceState(history.state, '', link);
    try {
      await navigator.clipboard.writeText(link.href);
      this.notices.say(
        'share',
        'The link is in the clipboard: it holds your files, requests and the selected step. Nothing was sent anywhere.',
      );
    } catch {
      this.notices.say(
        'share',
        'The link is in the address bar: copy it from there. It holds your files, requests and the selected step.',
      );
    }
    return link.href;
  }

  /** Back to the start; what was there comes back by Undo. */
  reset(what: 'file' | 'lab'): void {
    const { files, requests, lab, open } = this.session;
    const undo = {
      label: 'Undo',
      run: (): void => (this.session.replace({ files, requests }), this.notices.drop('reset')),
    };
    this.session.replace(
      what === 'file'
        ? { files: { ...files, [open]: lab.files[open] ?? '' } }
        : { files: lab.files, requests: this.session.initialRequests() },
    );
    if (what === 'lab') this.keeper.forgetProgress();
    this.notices.say(
      'reset',
      what === 'file' ? `${open} is as it was at the start.` : 'The lab is as it was at the start.',
      { actions: [undo] },
    );
  }

  show(pane: Pane): void {
    this.pane = pane;
    if (pane === 'request' || pane === 'why') this.tab = pane;
  }
}
