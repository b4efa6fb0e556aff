import { number, object, type Raw } from "../model/json.js";
import type { Answer, Query } from "./http.js";

/** A list that is read page by page. */
export interface Pager<T> extends AsyncIterable<T> {
  /** The page behind the last one; empty at the end. */
  fetchNext(): Promise<T[]>;
  /** The page before the first one; empty at the beginning. */
  fetchPrevious(): Promise<T[]>;
  /** Whether a next page is known to be there; true before the first one. */
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
}

/** Asks for one page. */
export type Fetch = (query: Query) => Promise<Answer>;

/** Runs one page after another, so that two calls at once don't get the same one. */
abstract class Turns<T> implements Pager<T> {
  #turn: Promise<unknown> = Promise.resolve();
  abstract readonly hasNext: boolean;
  abstract readonly hasPrevious: boolean;

  fetchNext(): Promise<T[]> {
    return this.#inTurn(() => this.next());
  }

  fetchPrevious(): Promise<T[]> {
    return this.#inTurn(() => this.previous());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    while (this.hasNext) yield* await this.fetchNext();
  }

  protected abstract next(): Promise<T[]>;
  protected abstract previous(): Promise<T[]>;

  #inTurn(run: () => Promise<T[]>): Promise<T[]> {
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** A list whose pages have numbers. */
export class NumberedPager<T> extends Turns<T> {
  #first = 1;
  #last = 0;
  #total = Number.POSITIVE_INFINITY;

  constructor(
    private readonly fetch: Fetch,
    private readonly read: (row: unknown) => T,
    private readonly limit: number,
  ) {
    super();
  }

  get hasNext(): boolean {
    return this.#last < this.#total;
  }

  get hasPrevious(): boolean {
    return this.#first > 1;
  }

  protected async next(): Promise<T[]> {
    if (!this.hasNext) return [];
    const rows = await this.#page(this.#last + 1);
    this.#last += 1;
    return rows;
  }

  protected async previous(): Promise<T[]> {
    const page = Math.min(this.#last, this.#total) - 1;
    if (page < 1) return [];
    const rows = await this.#page(page);
    this.#last = page;
    this.#first = page;
    return rows;
  }

  async #page(page: number): Promise<T[]> {
    const answer = await this.fetch({ page, per_page: this.limit });
    this.#total = number(object(answer.meta.pagination).total_pages) ?? page;
    return rowsOf(answer).map(this.read);
  }
}

/** A list whose pages name the place of the next one. */
export class CursorPager<T> extends Turns<T> {
  /** Where each page that was read begins. */
  readonly #places: Query[] = [];
  #following: Query | undefined = {};

  constructor(
    private readonly fetch: Fetch,
    private readonly read: (row: unknown) => T,
    private readonly cursor: (meta: Raw) => Query | undefined,
  ) {
    super();
  }

  get hasNext(): boolean {
    return this.#following !== undefined;
  }

  get hasPrevious(): boolean {
    return this.#places.length > 1;
  }

  protected async next(): Promise<T[]> {
    const place = this.#following;
    if (place === undefined) return [];
    const rows = await this.#page(place);
    this.#places.push(place);
    return rows;
  }

  protected async previous(): Promise<T[]> {
    const place = this.#places.at(-2);
    if (place === undefined) return [];
    const rows = await this.#page(place);
    this.#places.pop();
    return rows;
  }

  async #page(place: Query): Promise<T[]> {
    const answer = await this.fetch(place);
    const rows = rowsOf(answer);
    this.#following = rows.length === 0 ? undefined : this.cursor(answer.meta);
    return rows.map(this.read);
  }
}

/** Where a walk through messages begins. */
export interface Ends {
  /** Older than this id. */
  readonly before?: string | undefined;
  /** Newer than this id. */
  readonly after?: string | undefined;
}

/** A list that grows at both of its ends, as one of messages does. Rows of a page stand oldest first. */
export class EndsPager<T extends { readonly id: string }> extends Turns<T> {
  #oldest: string | undefined;
  #newest: string | undefined;
  #hasOlder = true;
  #hasNewer: boolean;

  constructor(
    private readonly fetch: Fetch,
    private readonly read: (row: unknown) => T,
    private readonly limit: number,
    private readonly ends: Ends,
  ) {
    super();
    this.#oldest = ends.before ?? ends.after;
    this.#newest = ends.after ?? ends.before;
    this.#hasNewer = this.#newest !== undefined;
  }

  /** Whether there may be newer ones: some always may come. */
  get hasNext(): boolean {
    return this.#hasNewer;
  }

  get hasPrevious(): boolean {
    return this.#hasOlder;
  }

  /** From `after` on the newer ones, oldest first; else the newest first, page by page towards the oldest. */
  override async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    if (this.ends.after !== undefined) return yield* super[Symbol.asyncIterator]();
    while (this.hasPrevious) yield* (await this.fetchPrevious()).reverse();
  }

  protected async next(): Promise<T[]> {
    const rows = await this.#page("append", this.#newest);
    this.#hasNewer = rows.length >= this.limit;
    return rows;
  }

  protected async previous(): Promise<T[]> {
    if (!this.#hasOlder) return [];
    const rows = await this.#page("prepend", this.#oldest);
    return rows;
  }

  async #page(affix: "append" | "prepend", id: string | undefined): Promise<T[]> {
    const answer = await this.fetch({ affix, id, limit: this.limit });
    const rows = rowsOf(answer).map(this.read);
    const [first, last] = [rows[0], rows.at(-1)];
    if (affix === "prepend") this.#hasOlder = answer.meta.cursor !== undefined;
    if (first === undefined || last === undefined) return rows;
    if (affix === "prepend" || this.#oldest === undefined) this.#oldest = first.id;
    if (affix === "append" || this.#newest === undefined) this.#newest = last.id;
    return rows;
  }
}

function rowsOf(answer: Answer): unknown[] {
  return Array.isArray(answer.data) ? answer.data : [];
}
