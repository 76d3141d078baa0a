/** jsdom lays nothing out: what floats would think its button out of sight, and hide. */
export function fakeLayout() {
  const rectangle = new DOMRect(100, 100, 100, 20);
  Element.prototype.getBoundingClientRect = () => rectangle;
  Element.prototype.getClientRects = () => [rectangle] as unknown as DOMRectList;
  Element.prototype.scrollIntoView = () => {};
  Object.defineProperties(Element.prototype, {
    clientWidth: { get: () => 1024 },
    clientHeight: { get: () => 768 },
  });
}
