// The reader's own picture: looked at before it is decoded, so that no file can stop the page.
//
//   const bitmap = await readPicture(file);   // an ImageBitmap, or an Error whose message the reader can use
//
// What a file is, and how large its picture, is read from its first bytes and not from its name.

const LARGEST_MB = 25;
const LARGEST_SIDE = 12000;
const LARGEST_MEGAPIXELS = 40;
const HEAD_BYTES = 2 ** 20;

const big = (bytes, at, n) => bytes.slice(at, at + n).reduce((sum, byte) => 256 * sum + byte, 0);
const little = (bytes, at, n) => big(bytes.slice(at, at + n).reverse(), 0, n);
const letters = (bytes, at, n) => String.fromCharCode(...bytes.slice(at, at + n));

function jpegSize(bytes) {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [big(bytes, at + 7, 2), big(bytes, at + 5, 2)];
    at += marker === 0xff ? 1 : 2 + big(bytes, at + 2, 2);
  }
  return null;
}

function webpSize(bytes) {
  const kind = letters(bytes, 12, 4);
  if (kind === "VP8X") return [1 + little(bytes, 24, 3), 1 + little(bytes, 27, 3)];
  if (kind === "VP8 ") return [little(bytes, 26, 2) & 0x3fff, little(bytes, 28, 2) & 0x3fff];
  const packed = little(bytes, 21, 4);
  return kind === "VP8L" ? [1 + (packed & 0x3fff), 1 + ((packed >> 14) & 0x3fff)] : null;
}

/** Width and height of a PNG, JPEG, WebP or GIF picture from its first bytes; null if it is none. */
export function pictureSize(bytes) {
  if (letters(bytes, 0, 8) === "\x89PNG\r\n\x1a\n" && letters(bytes, 12, 4) === "IHDR") {
    return [big(bytes, 16, 4), big(bytes, 20, 4)];
  }
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegSize(bytes);
  if (letters(bytes, 0, 4) === "RIFF" && letters(bytes, 8, 4) === "WEBP") return webpSize(bytes);
  if (letters(bytes, 0, 4) === "GIF8") return [little(bytes, 6, 2), little(bytes, 8, 2)];
  return null;
}

/** The picture in a file. Throws an Error that says what is wrong and what to do. */
export async function readPicture(file) {
  const refuse = (words) => { throw new Error(`${file.name}: ${words}`); };
  if (file.size === 0) refuse("the file is empty (0 bytes). Choose another one.");
  const megabytes = file.size / 1e6;
  if (megabytes > LARGEST_MB) {
    refuse(`the file has ${Math.round(megabytes)} MB, and at most ${LARGEST_MB} MB are read. Make the picture smaller.`);
  }
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const found = pictureSize(head);
  if (!found) refuse("this is no PNG, JPEG, WebP or GIF picture, whatever its name says. Choose another one.");
  const [width, height] = found;
  if (Math.max(width, height) > LARGEST_SIDE || width * height > 1e6 * LARGEST_MEGAPIXELS) {
    refuse(
      `the picture has ${width} × ${height} pixels, and at most ${LARGEST_MEGAPIXELS} million are read, ` +
        `${LARGEST_SIDE} a side. Make it smaller.`,
    );
  }
  try {
    return await createImageBitmap(file, { colorSpaceConversion: "none" });
  } catch {
    return refuse("the picture is damaged and cannot be opened. Choose another one.");
  }
}
