/** The tab's title: the page, or a ringing call. */
export class PageTitle {
  page = $state('');
  alert = $state<string>();
}
