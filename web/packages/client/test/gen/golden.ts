// Written by the gateway's tests. Not by hand.

import type { Incoming, QuizFrame } from '../../src/index.ts';

export const frames = [
  {"quiz_id":"quiz_a1b2c3d4e5f6","leaderboard":[{"participant_id":"p_1234567890ab","username":"Ana","score":50,"rank":1},{"participant_id":"p_0987654321yx","username":"Böb","score":30,"rank":2}],"total_participants":2,"timestamp":"2026-02-02T10:15:00.123Z","version":17,"epoch":1790000000,"status":"started","you":{"participant_id":"p_1234567890ab","score":50,"rank":1,"version":16}},
  {"quiz_id":"quiz_a1b2c3d4e5f6","leaderboard":[{"participant_id":"p_1234567890ab","username":"Ana","score":50,"rank":1},{"participant_id":"p_0987654321yx","username":"Böb","score":30,"rank":2}],"total_participants":2,"timestamp":"2026-02-02T10:15:00.123Z","version":17,"epoch":1790000000,"status":"started","stale":true},
] satisfies QuizFrame[];

export const incoming = [
  {"type":"subscription_confirmed","quiz_id":"quiz_a1b2c3d4e5f6","message":"subscribed"},
  {"type":"unsubscription_confirmed","subject":"BIO","message":"unsubscribed"},
  {"type":"quiz_leaderboard_updated","data":{"quiz_id":"quiz_a1b2c3d4e5f6","leaderboard":[{"participant_id":"p_1234567890ab","username":"Ana","score":50,"rank":1},{"participant_id":"p_0987654321yx","username":"Böb","score":30,"rank":2}],"total_participants":2,"timestamp":"2026-02-02T10:15:00.123Z","version":17,"epoch":1790000000,"status":"started"}},
  {"type":"pong"},
  {"type":"error","code":"QUIZ_NOT_FOUND","message":"quiz not found","quiz_id":"quiz_a1b2c3d4e5f6"},
  {"type":"error","code":"BAD_JSON","message":"expected an object"},
] satisfies Incoming[];
