import type { DeltaRequest, DeltaResponse, XdsResource, XdsType } from '#xds';

const WILDCARD = '*';

/** The version that is held of a resource; undefined while it is waited for. */
type Version = string | undefined;

/** What has been asked for of one type and what is held of it: delta_subscription_state.cc. */
export class DeltaState {
  readonly #type: XdsType;
  readonly #requested = new Map<string, Version>();
  /** Held because everything was asked for. */
  readonly #wildcard = new Map<string, string>();
  /** Once asked for by name, no longer: it may be held because everything was asked for. */
  readonly #ambiguous = new Map<string, string>();
  readonly #added = new Set<string>();
  readonly #removed = new Set<string>();
  /** A first request without names asks for everything, of the types that know this. */
  #isInitialWildcard = true;
  #hasSent = false;

  constructor(type: XdsType) {
    this.#type = type;
  }

  updateInterest(added: readonly string[], removed: readonly string[]): void {
    for (const name of added) {
      if (name !== WILDCARD) this.#isInitialWildcard = false;
      this.#requested.set(name, this.#wildcard.get(name) ?? this.#ambiguous.get(name));
      this.#wildcard.delete(name);
      this.#ambiguous.delete(name);
      this.#removed.delete(name);
      this.#added.add(name);
    }
    for (const name of removed) this.#drop(name);
    if (removed.includes(WILDCARD)) {
      this.#wildcard.clear();
      this.#ambiguous.clear();
    }
  }

  #drop(name: string): void {
    this.#added.delete(name);
    if (!this.#requested.has(name)) return;
    const version = this.#requested.get(name);
    if (this.#requested.has(WILDCARD) && version !== undefined) this.#ambiguous.set(name, version);
    this.#requested.delete(name);
    this.#removed.add(name);
    this.#isInitialWildcard = false;
  }

  get isUpdatePending(): boolean {
    if (this.#added.size > 0 || this.#removed.size > 0) return true;
    return !this.#hasSent && (this.#requested.size > 0 || this.#isInitialWildcard);
  }

  onNewStream(): void {
    this.#hasSent = false;
  }

  /** The next request; the first of a stream says everything that is wanted, and what is held already. */
  nextRequest(answer: { nonce: string; error?: string } | undefined): DeltaRequest {
    const initial: Record<string, string> = {};
    if (!this.#hasSent) {
      this.#hasSent = true;
      const isWildcard = this.#isWildcardAlone();
      for (const [name, version] of this.#requested) {
        if (version !== undefined) initial[name] = version;
        this.#added.add(name);
      }
      for (const held of [this.#wildcard, this.#ambiguous]) for (const [name, version] of held) initial[name] = version;
      if (isWildcard) this.#added.clear();
      this.#removed.clear();
    }
    const request: DeltaRequest = {
      mode: 'delta',
      type: this.#type,
      nonce: answer?.nonce ?? '',
      subscribe: [...this.#added],
      unsubscribe: [...this.#removed],
      initial,
      ...(answer?.error === undefined ? {} : { error: answer.error }),
    };
    this.#added.clear();
    this.#removed.clear();
    return request;
  }

  #isWildcardAlone(): boolean {
    if (this.#isInitialWildcard) this.#requested.set(WILDCARD, undefined);
    else if (this.#added.size > 0 || this.#removed.size > 0) return false;
    return this.#requested.size === 1 && this.#requested.has(WILDCARD);
  }

  /** Whether a resource only says that it still holds. */
  isHeartbeat({ name, version, resource }: XdsResource): boolean {
    if (resource !== undefined || this.#type === 'vhds') return false;
    return version === (this.#requested.get(name) ?? this.#wildcard.get(name) ?? this.#ambiguous.get(name));
  }

  /** Remembers what an accepted response brought and took away. */
  accept({ resources, removed }: DeltaResponse): void {
    const isAll = this.#requested.has(WILDCARD);
    for (const { name, version } of resources) {
      if (this.#requested.has(name)) this.#requested.set(name, version);
      else if (isAll) {
        this.#wildcard.set(name, version);
        this.#ambiguous.delete(name);
      }
    }
    for (const name of removed) this.forget(name);
  }

  /** A resource is gone; one that was asked for by name goes on being waited for. */
  forget(name: string): void {
    if (this.#requested.has(name)) this.#requested.set(name, undefined);
    else if (!this.#ambiguous.delete(name)) this.#wildcard.delete(name);
  }
}
