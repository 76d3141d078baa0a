import { createContext } from 'svelte';
import type { Live } from '$lib/live/live.svelte';
import type { Preferences } from '$lib/account/preferences.svelte';
import type { Session } from '$lib/account/session.svelte';
import type { Colleagues } from '$lib/account/colleagues.svelte';
import type { Demo } from '$lib/try/demo.svelte';
import type { PageTitle } from '$lib/shell/page-title.svelte';
import type { CallRoutes } from '$lib/telephony/call-routes.svelte';
import type { Dialling } from '$lib/telephony/dialling.svelte';

/** Who is signed in. */
export const [getSession, setSession] = createContext<Session>();
/** The open socket and the news from it. */
export const [getLive, setLive] = createContext<Live>();
/** How this browser is to look and to ring. */
export const [getPreferences, setPreferences] = createContext<Preferences>();
/** Names and numbers of everybody else. */
export const [getColleagues, setColleagues] = createContext<Colleagues>();
/** What the tab is called. */
export const [getPageTitle, setPageTitle] = createContext<PageTitle>();
/** The simulated telephone system, where there is one. */
export const [getDemo, setDemo] = createContext<Demo>();
/** The numbers that are being called. */
export const [getDialling, setDialling] = createContext<Dialling>();
/** Through which modules one can call. */
export const [getCallRoutes, setCallRoutes] = createContext<CallRoutes>();
