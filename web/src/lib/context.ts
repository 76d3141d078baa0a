import { createContext } from 'svelte';
import type { Live } from '$lib/live/live.svelte';
import type { Preferences } from '$lib/account/preferences.svelte';
import type { Session } from '$lib/account/session.svelte';
import type { Colleagues } from '$lib/account/colleagues.svelte';
import type { Demo } from '$lib/try/demo.svelte';
import type { PageTitle } from '$lib/shell/page-title.svelte';
import type { CallRoutes } from '$lib/telephony/call-routes.svelte';
import type { Dialling } from '$lib/telephony/dialling.svelte';

/** The signed-in user. */
export const [getSession, setSession] = createContext<Session>();
/** The live connection to the server. */
export const [getLive, setLive] = createContext<Live>();
/** This browser's appearance and ring settings. */
export const [getPreferences, setPreferences] = createContext<Preferences>();
/** Names and numbers of all colleagues. */
export const [getColleagues, setColleagues] = createContext<Colleagues>();
/** The tab's title. */
export const [getPageTitle, setPageTitle] = createContext<PageTitle>();
/** The simulated PBX, if there is one. */
export const [getDemo, setDemo] = createContext<Demo>();
/** Numbers being dialled. */
export const [getDialling, setDialling] = createContext<Dialling>();
/** The modules through which the user can call out. */
export const [getCallRoutes, setCallRoutes] = createContext<CallRoutes>();
