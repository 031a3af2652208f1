// Cuts a chosen picture to a square before it is sent. Without this file the whole picture is sent.
const input = document.querySelector("[data-ff-crop]");
const box = document.getElementById("ff-crop");
const canvas = box.querySelector("canvas");
const size = box.querySelector("input");
const paint = canvas.getContext("2d");
const SIDE = canvas.width;
const STEP = SIDE / 32;
let picture = null;
let center = { x: 0, y: 0 }; // in the picture
let chosen = "picture.jpg";

const scale = () => (SIDE / Math.min(picture.width, picture.height)) * Number(size.value);

function draw() {
  const half = SIDE / scale() / 2;
  center.x = Math.min(Math.max(center.x, half), picture.width - half);
  center.y = Math.min(Math.max(center.y, half), picture.height - half);
  paint.clearRect(0, 0, SIDE, SIDE);
  paint.drawImage(picture, center.x - half, center.y - half, half * 2, half * 2, 0, 0, SIDE, SIDE);
}

function move(x, y) {
  center.x -= x / scale();
  center.y -= y / scale();
  draw();
}

input.addEventListener("change", async () => {
  box.hidden = true;
  picture = null;
  const [file] = input.files;
  if (!file) return;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return; // the server says what is wrong with it
  }
  chosen = file.name;
  center = { x: picture.width / 2, y: picture.height / 2 };
  size.value = 1;
  box.hidden = false;
  draw();
});

size.addEventListener("input", draw);
canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
canvas.addEventListener("pointermove", (event) => {
  if (!canvas.hasPointerCapture(event.pointerId)) return;
  const ratio = SIDE / canvas.clientWidth;
  move(event.movementX * ratio, event.movementY * ratio);
});
canvas.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  if (!(event.key in steps)) return;
  event.preventDefault();
  move(...steps[event.key]);
});

input.form.addEventListener("submit", (event) => {
  if (!picture || event.defaultPrevented) return;
  event.preventDefault();
  canvas.toBlob((blob) => {
    const files = new DataTransfer();
    files.items.add(new File([blob], chosen.replace(/\.\w*$/, "") + ".png", { type: "image/png" }));
    input.files = files.files;
    input.form.submit();
  }, "image/png");
});
