/** A short rise of notes for each step of the podium, the longest for the first place. */

const NOTES_HZ = [392, 494, 587, 784];
const NOTE_S = 0.14;

let audio: AudioContext | undefined;

/** Plays for the first, second or third step revealed. */
export function play(step: number): void {
  audio ??= new AudioContext();
  const { currentTime, destination } = audio;
  NOTES_HZ.slice(0, step + 1).forEach((pitch, index, notes) => {
    if (!audio) return;
    const start = currentTime + index * NOTE_S;
    const length = index === notes.length - 1 ? NOTE_S * 4 : NOTE_S;
    const tone = new OscillatorNode(audio, { type: 'triangle', frequency: pitch });
    const volume = new GainNode(audio, { gain: 0.15 });
    volume.gain.setValueAtTime(0.15, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + length);
    tone.connect(volume).connect(destination);
    tone.start(start);
    tone.stop(start + length);
  });
}
