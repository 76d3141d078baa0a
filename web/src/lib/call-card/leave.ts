import type { Attachment } from 'svelte/attachments';

/** Long enough to write a note or call back, so that ended calls need not be closed by hand. */
export const LEAVES_BY_ITSELF_MILLISECONDS = 30_000;

/** Calls `leave` once the element has had neither pointer nor focus for that long. */
export function leavesByItself(isOver: boolean, leave: () => void): Attachment {
  return (element) => {
    if (!isOver) return;
    let timer: ReturnType<typeof setTimeout>;
    const again = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (isInUse(element) ? again() : leave()), LEAVES_BY_ITSELF_MILLISECONDS);
    };
    again();
    const events = ['pointerleave', 'focusout'];
    events.forEach((event) => element.addEventListener(event, again));
    return () => {
      clearTimeout(timer);
      events.forEach((event) => element.removeEventListener(event, again));
    };
  };
}

function isInUse(element: Element): boolean {
  return element.matches(':hover, :focus-within');
}
