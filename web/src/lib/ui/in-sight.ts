import type { Attachment } from 'svelte/attachments';

/** Calls `then` when an element comes near the viewport, or immediately if it is already there. */
export function whenInSight(then: () => void): Attachment<HTMLElement> {
  return (element) => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && then(), { rootMargin: '1200px' });
    observer.observe(element);
    return () => observer.disconnect();
  };
}
