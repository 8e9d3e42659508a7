/** The part of htmx that the modules call. */
interface Htmx {
  process(element: Element): void;
  trigger(element: Element, name: string): void;
  ajax(verb: string, path: string, context: object): Promise<void>;
}
interface Window { htmx: Htmx }
