/** A few seconds of paper in the air. */

const COLOURS = ['#ffd84d', '#2fa884', '#e2573b', '#4f86e8', '#b07be0'];
const PIECES = 160;
const LASTS_MS = 5000;

interface Piece {
  x: number;
  y: number;
  vx: number;
  vy: number;
  turn: number;
  spin: number;
  size: number;
  colour: string;
}

/** Throws it over the whole page; gives a function that ends it early. */
export function throwConfetti(): () => void {
  const canvas = document.createElement('canvas');
  canvas.className = 'confetti';
  canvas.setAttribute('aria-hidden', 'true');
  canvas.width = window.innerWidth;
  canvas.height = window.innerHeight;
  const pen = canvas.getContext('2d');
  if (!pen) return () => {};
  (document.fullscreenElement ?? document.body).append(canvas);

  const pieces = Array.from({ length: PIECES }, (_, index) => piece(index, canvas));
  let start: number | undefined;
  let before = 0;
  let frame = requestAnimationFrame(function step(now) {
    start ??= now;
    const seconds = Math.min(0.05, (now - before) / 1000);
    before = now;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.globalAlpha = Math.min(1, (LASTS_MS - (now - start)) / 1000);
    for (const one of pieces) {
      one.vy += 620 * seconds;
      one.vx *= 1 - 0.6 * seconds;
      one.x += one.vx * seconds;
      one.y += Math.min(one.vy, 320) * seconds;
      one.turn += one.spin * seconds;
      pen.setTransform(Math.cos(one.turn), Math.sin(one.turn), 0, 1, one.x, one.y);
      pen.fillStyle = one.colour;
      pen.fillRect(-one.size / 2, -one.size / 3, one.size, one.size * 0.66);
    }
    pen.resetTransform();
    if (now - start < LASTS_MS) frame = requestAnimationFrame(step);
    else canvas.remove();
  });
  return () => {
    cancelAnimationFrame(frame);
    canvas.remove();
  };
}

/** Thrown from both lower corners towards the middle. */
function piece(index: number, { width, height }: HTMLCanvasElement): Piece {
  const fromLeft = index % 2 === 0;
  const speed = height * (0.6 + Math.random() * 0.7);
  const angle = Math.PI * (0.28 + Math.random() * 0.17);
  return {
    x: fromLeft ? 0 : width,
    y: height * 0.8,
    vx: Math.cos(angle) * speed * (fromLeft ? 1 : -1),
    vy: -Math.sin(angle) * speed,
    turn: Math.random() * 6,
    spin: (Math.random() - 0.5) * 12,
    size: 8 + Math.random() * 10,
    colour: COLOURS[index % COLOURS.length] ?? '#fff',
  };
}
