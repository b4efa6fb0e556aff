/** Two tones and a pause, in Hz and seconds. */
const TONES = [587, 784];
const TONE = 0.22;
const PAUSE = 2.4;
const LOUD = 0.12;

/**
 * Rings until it is ended. Browsers let a page sound once somebody has done something in it: before that it rings in silence, and
 * is heard from the first touch or key on.
 */
export function ring(): () => void {
  const context = new AudioContext();
  const wake = () => void context.resume();
  const wakers = ["pointerdown", "keydown"];
  for (const kind of wakers) addEventListener(kind, wake);
  let last = -PAUSE;
  const once = () => {
    // It may begin to run between two turns.
    if (context.state !== "running" || context.currentTime - last < PAUSE / 2) return;
    last = context.currentTime;
    for (const [at, pitch] of TONES.entries()) tone(context, pitch, context.currentTime + at * TONE);
  };
  context.onstatechange = once;
  once();
  const timer = setInterval(once, PAUSE * 1000);
  return () => {
    clearInterval(timer);
    context.onstatechange = null;
    for (const kind of wakers) removeEventListener(kind, wake);
    void context.close();
  };
}

function tone(context: AudioContext, pitch: number, from: number): void {
  const source = new OscillatorNode(context, { frequency: pitch });
  const volume = new GainNode(context, { gain: 0 });
  // Without a slope it clicks.
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(LOUD, from + 0.02);
  volume.gain.linearRampToValueAtTime(0, from + TONE);
  source.connect(volume).connect(context.destination);
  source.start(from);
  source.stop(from + TONE);
}
