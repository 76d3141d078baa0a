/** jsdom has no layout: floating elements would assume that their button is out of view, and hide. */
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
