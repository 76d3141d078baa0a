import type { Attachment } from 'svelte/attachments';

/** Long enough to write a note or to call back; nobody has to close what is over. */
export const LEAVES_BY_ITSELF_MILLISECONDS = 30_000;

/** Calls `leave` once nobody has pointed at the element or been in it for that long. */
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
