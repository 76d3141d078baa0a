import { m } from '$lib/paraglide/messages';

/** A function that a module's script may implement. */
interface ModuleFunction {
  name: string;
  required: boolean;
  /** What the function does. */
  does: () => string;
  /** The same in a word or two, if it is a feature that a provider may lack. */
  feature?: () => string;
  /** What is missing without it. */
  without: () => string;
}

/** All functions, in the contract's order. */
export const MODULE_FUNCTIONS: readonly ModuleFunction[] = [
  {
    name: 'VoipTestConnection',
    required: true,
    does: m.modules_function_test,
    without: m.modules_function_test_without,
  },
  {
    name: 'VoipParseWebhookRequest',
    required: true,
    does: m.modules_function_parse,
    feature: m.modules_feature_parse,
    without: m.modules_function_parse_without,
  },
  {
    name: 'VoipGetMembers',
    required: true,
    does: m.modules_function_members,
    without: m.modules_function_members_without,
  },
  {
    name: 'VoipGenerateCall',
    required: true,
    does: m.modules_function_generate,
    feature: m.modules_feature_generate,
    without: m.modules_function_generate_without,
  },
  {
    name: 'VoipGetCallLink',
    required: true,
    does: m.modules_function_link,
    feature: m.modules_feature_link,
    without: m.modules_function_link_without,
  },
  {
    name: 'VoipOnWebhookUpdated',
    required: false,
    does: m.modules_function_webhook,
    feature: m.modules_feature_webhook,
    without: m.modules_function_webhook_without,
  },
  {
    name: 'VoipAcceptCall',
    required: false,
    does: m.modules_function_accept,
    feature: m.modules_feature_accept,
    without: m.modules_function_accept_without,
  },
  {
    name: 'VoipHangupCall',
    required: false,
    does: m.modules_function_hangup,
    feature: m.modules_feature_hangup,
    without: m.modules_function_hangup_without,
  },
  {
    name: 'VoipRedirectCall',
    required: false,
    does: m.modules_function_redirect,
    feature: m.modules_feature_redirect,
    without: m.modules_function_redirect_without,
  },
  {
    name: 'VoipHoldCall',
    required: false,
    does: m.modules_function_hold,
    feature: m.modules_feature_hold,
    without: m.modules_function_hold_without,
  },
  {
    name: 'VoipMuteCall',
    required: false,
    does: m.modules_function_mute,
    feature: m.modules_feature_mute,
    without: m.modules_function_mute_without,
  },
  {
    name: 'VoipSendDtmf',
    required: false,
    does: m.modules_function_dtmf,
    feature: m.modules_feature_dtmf,
    without: m.modules_function_dtmf_without,
  },
  {
    name: 'VoipAttendedTransfer',
    required: false,
    does: m.modules_function_transfer,
    feature: m.modules_feature_transfer,
    without: m.modules_function_transfer_without,
  },
];

/** The features that a module with these functions has and lacks. */
export function features(functions: readonly string[]): { can: string[]; cannot: string[] } {
  const named = MODULE_FUNCTIONS.flatMap(({ name, feature }) => (feature ? [{ name, feature: feature() }] : []));
  const of = (has: boolean) => named.filter(({ name }) => functions.includes(name) === has).map((it) => it.feature);
  return { can: of(true), cannot: of(false) };
}
