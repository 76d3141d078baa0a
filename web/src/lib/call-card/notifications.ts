interface Ringing {
  id: string;
  title: string;
  text: string;
}

/** Desktop notifications of ringing calls, for operators working in another window. */
export class Notifications {
  #shown = new Map<string, Notification>();

  /** Shows these notifications and removes all others. */
  show(ringing: Ringing[]) {
    for (const [id, notification] of this.#shown) {
      if (ringing.some((call) => call.id === id)) continue;
      notification.close();
      this.#shown.delete(id);
    }
    if (!('Notification' in window) || Notification.permission !== 'granted' || document.hasFocus()) return;
    for (const { id, title, text } of ringing) {
      if (this.#shown.has(id)) continue;
      // Tabs that show the same call share one notification through its tag.
      const notification = new Notification(title, {
        body: text,
        tag: id,
        icon: '/icon.svg',
        requireInteraction: true,
      });
      notification.onclick = () => {
        window.focus();
        notification.close();
      };
      this.#shown.set(id, notification);
    }
  }
}

/** Asks for the browser's permission. Returns whether it was granted. */
export async function askForNotifications(): Promise<boolean> {
  return 'Notification' in window && (await Notification.requestPermission()) === 'granted';
}
