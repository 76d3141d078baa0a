type State = 'granted' | 'default' | 'denied' | 'insecure' | 'unavailable';

/** Whether the browser lets this site show notifications. It may also change at any time in the browser's settings. */
export class NotificationPermission {
  state = $state<State>(read());

  constructor() {
    $effect(() => {
      let status: PermissionStatus | undefined;
      const again = () => (this.state = read());
      void navigator.permissions?.query({ name: 'notifications' }).then((found) => {
        status = found;
        status.addEventListener('change', again);
      });
      return () => status?.removeEventListener('change', again);
    });
  }

  /** Asks the user if they have not decided yet. Returns whether notifications may be shown. */
  async ask(): Promise<boolean> {
    if (this.state === 'default') await Notification.requestPermission();
    this.state = read();
    return this.state === 'granted';
  }
}

function read(): State {
  if (!('Notification' in window)) return 'unavailable';
  return window.isSecureContext ? Notification.permission : 'insecure';
}
