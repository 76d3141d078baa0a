import { m } from '$lib/paraglide/messages';
import type { Scene } from './api';

interface Described {
  scene: Scene;
  title: string;
  /** What will happen. */
  text: string;
}

/** Every scene in words, in the order in which somebody tries them. */
export function sceneGroups(): { title: string; scenes: Described[] }[] {
  return [
    {
      title: m.try_group_new(),
      scenes: [
        { scene: 'ringMe', title: m.try_ring_me(), text: m.try_ring_me_text() },
        { scene: 'ringBoth', title: m.try_ring_both(), text: m.try_ring_both_text() },
        { scene: 'missed', title: m.try_missed(), text: m.try_missed_text() },
        { scene: 'busy', title: m.try_busy(), text: m.try_busy_text() },
        { scene: 'internal', title: m.try_internal(), text: m.try_internal_text() },
      ],
    },
    {
      title: m.try_group_others(),
      scenes: [
        { scene: 'clientHangsUp', title: m.try_client_hangs_up(), text: m.try_client_hangs_up_text() },
        { scene: 'colleagueAnswers', title: m.try_colleague_answers(), text: m.try_colleague_answers_text() },
        {
          scene: 'colleagueTransfersToMe',
          title: m.try_colleague_transfers_to_me(),
          text: m.try_colleague_transfers_to_me_text(),
        },
      ],
    },
    {
      title: m.try_group_phone(),
      scenes: [
        { scene: 'answerOnPhone', title: m.try_answer_on_phone(), text: m.try_answer_on_phone_text() },
        { scene: 'holdOnPhone', title: m.try_hold_on_phone(), text: m.try_hold_on_phone_text() },
        { scene: 'resumeOnPhone', title: m.try_resume_on_phone(), text: m.try_resume_on_phone_text() },
        {
          scene: 'transferToColleague',
          title: m.try_transfer_to_colleague(),
          text: m.try_transfer_to_colleague_text(),
        },
        {
          scene: 'attendedTransferToColleague',
          title: m.try_attended_transfer_to_colleague(),
          text: m.try_attended_transfer_to_colleague_text(),
        },
        { scene: 'hangUpOnPhone', title: m.try_hang_up_on_phone(), text: m.try_hang_up_on_phone_text() },
      ],
    },
  ];
}
