// Written by the gateway's tests. Not by hand.

import type { Incoming, QuizFrame, Update, UpdateByDelta } from '../../src/index.ts';

export const frames = [
  {"quiz_id":"quiz_a1b2c3d4e5f6","leaderboard":[{"participant_id":"p_1234567890ab","username":"Ana","score":50,"rank":1},{"participant_id":"p_0987654321yx","username":"Böb","score":30,"rank":2}],"total_participants":2,"timestamp":"2026-02-02T10:15:00.123Z","version":17,"epoch":1790000000,"status":"started","you":{"participant_id":"p_1234567890ab","score":50,"rank":1,"version":16}},
  {"quiz_id":"quiz_a1b2c3d4e5f6","leaderboard":[{"participant_id":"p_1234567890ab","username":"Ana","score":50,"rank":1},{"participant_id":"p_0987654321yx","username":"Böb","score":30,"rank":2}],"total_participants":2,"timestamp":"2026-02-02T10:15:00.123Z","version":17,"epoch":1790000000,"status":"started","stale":true},
] satisfies QuizFrame[];

export const incoming = [
  {"type":"subscription_confirmed","quiz_id":"quiz_a1b2c3d4e5f6","message":"subscribed"},
  {"type":"unsubscription_confirmed","subject":"BIO","message":"unsubscribed"},
  {"type":"quiz_leaderboard_updated","data":{"quiz_id":"quiz_a1b2c3d4e5f6","leaderboard":[{"participant_id":"p_1234567890ab","username":"Ana","score":50,"rank":1},{"participant_id":"p_0987654321yx","username":"Böb","score":30,"rank":2}],"total_participants":2,"timestamp":"2026-02-02T10:15:00.123Z","version":17,"epoch":1790000000,"status":"started"}},
  {"type":"activity_skipped","count":7},
  {"type":"pong"},
  {"type":"error","code":"QUIZ_NOT_FOUND","message":"quiz not found","quiz_id":"quiz_a1b2c3d4e5f6"},
  {"type":"error","code":"BAD_JSON","message":"expected an object"},
  {"type":"leaderboard_updated","data":{"subject":"BIO","subject_name":"Biology","leaderboard":[{"user_id":"u_1234567890ab","username":"Ana","total_score":340,"quiz_count":4,"average_score":85.0,"total_duration_seconds":0,"average_duration_seconds":0,"rank":1}],"total_users":1,"timestamp":"2026-02-02T10:15:00.123Z","version":9,"epoch":1790000000,"quiz_id":"quiz_a1b2c3d4e5f6"}},
  {"type":"quiz_session_uploaded","data":{"session_id":"session_1234567890ab","user_id":"u_1234567890ab","username":"Ana","quiz_id":"quiz_a1b2c3d4e5f6","subject":"BIO","score":90,"duration_seconds":0,"timestamp":"2026-02-02T10:15:00.123Z","count":1}},
] satisfies Incoming[];

export const updates = [
  {"type":"quiz_leaderboard_updated","data":{"quiz_id":"quiz_a1b2c3d4e5f6","leaderboard":[{"participant_id":"p_1234567890ab","username":"Ana","score":50,"rank":1},{"participant_id":"p_000000000002","username":"Cem","score":10,"rank":2},{"participant_id":"p_000000000003","username":"Cem","score":10,"rank":3},{"participant_id":"p_000000000004","username":"Cem","score":10,"rank":4},{"participant_id":"p_000000000005","username":"Cem","score":10,"rank":5}],"total_participants":5,"timestamp":"2026-02-02T10:15:00.123Z","version":17,"epoch":1790000000,"status":"started"}},
  {"type":"quiz_leaderboard_delta","data":{"quiz_id":"quiz_a1b2c3d4e5f6","base":17,"version":18,"epoch":1790000000,"timestamp":"2026-02-02T10:15:00.123Z","rows":[[0,0,60]]}},
] satisfies [Update, UpdateByDelta];
