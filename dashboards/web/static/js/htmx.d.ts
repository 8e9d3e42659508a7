/** The part of htmx that the modules call. */
interface Htmx {
  process(element: Element): void;
  trigger(element: Element, name: string): void;
  ajax(verb: string, path: string, context: object): Promise<void>;
}
interface Window { htmx: Htmx }

/** Of ES2023, Chrome 109 knows these two alone. */
interface Array<T> {
  findLast(predicate: (value: T, index: number) => unknown): T | undefined;
  findLastIndex(predicate: (value: T, index: number) => unknown): number;
}
