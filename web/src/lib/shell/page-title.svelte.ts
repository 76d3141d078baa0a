/** What the tab is called: the page, or a call that rings. */
export class PageTitle {
  page = $state('');
  alert = $state<string>();
}
