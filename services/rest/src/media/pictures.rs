//! Small copies of pictures, within bounds: a picture can unpack to far more than its file holds.

use std::{io::Cursor, sync::Arc, time::Duration};

use futures::future::join_all;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use moka::future::Cache;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::{MediaError, kind, name::Name, store::Store};

/// Names of the copies, each with its longest side in pixels.
const SIZES: [(&str, u32); 3] = [("small", 150), ("medium", 320), ("large", 640)];
/// Larger files get no copies.
const FILE_MAX_BYTES: u64 = 20 * 1024 * 1024;
/// Nor larger pictures: a side, and all pixels.
const SIDE_MAX: u32 = 16_384;
const PIXELS_MAX: u64 = 32_000_000;
/// Most memory of one decoder.
const DECODER_MAX_BYTES: u64 = 160 * 1024 * 1024;
/// A message is not held up longer; then it goes without.
const WAIT: Duration = Duration::from_secs(4);
/// Pictures whose copies are remembered, so that a forwarded one is not made small again.
const REMEMBERED: u64 = 10_000;
/// Where clients look for the copies.
const EXTENSION: &str = "thumbnail-generation";

/// A picture's size, and which copies there are: the picture is its own copy where it is no larger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    width: u32,
    height: u32,
    made: Vec<(&'static str, Name)>,
}

/// Makes small copies.
pub struct Pictures {
    store: Store,
    known: Cache<(String, Name), Arc<Copies>>,
    /// One picture is unpacked at a time, which bounds memory and leaves the processor to others.
    turn: Arc<Semaphore>,
}

impl Pictures {
    /// Of a store.
    pub fn new(store: Store) -> Self {
        Self { store, known: Cache::new(REMEMBERED), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Adds the small copies of a picture message's own attachments to its metadata, at the place where clients look for
    /// them. `address` is what this app's files begin with. Nothing is added where nothing can be: it is no reason to
    /// refuse the message.
    pub async fn illustrate(&self, app: &str, address: &str, data: &mut Map<String, Value>) {
        let Some(attachments) = data.get("attachments").and_then(Value::as_array) else { return };
        let all = join_all(attachments.iter().map(|attachment| self.of_attachment(app, address, attachment)));
        let Ok(all) = tokio::time::timeout(WAIT, all).await else {
            tracing::debug!("small copies take too long and are left out");
            return;
        };
        if all.iter().all(Option::is_none) {
            return;
        }
        let rows: Vec<Value> = attachments
            .iter()
            .zip(&all)
            .map(|(attachment, copies)| row(address, attachment, copies.as_deref()))
            .collect();
        let mut extension = rows[0]["data"]["thumbnails"].as_object().cloned().unwrap_or_default();
        extension.insert("attachments".to_owned(), Value::Array(rows));
        inject(data, extension);
    }

    async fn of_attachment(&self, app: &str, address: &str, attachment: &Value) -> Option<Arc<Copies>> {
        let name = Name::parse(attachment["url"].as_str()?.strip_prefix(address)?)?;
        let ending = kind::copies(name.extension())?;
        let key = (app.to_owned(), name.clone());
        let make = async {
            match self.make(app, &name, ending).await {
                Ok(copies) => Some(Arc::new(copies)),
                Err(error) => {
                    tracing::debug!(%error, %name, "a picture gets no small copies");
                    None
                }
            }
        };
        // A failure is not remembered: the store may have been away.
        self.known.optionally_get_with(key, make).await
    }

    async fn make(&self, app: &str, name: &Name, ending: &'static str) -> Result<Copies, PictureError> {
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| PictureError::Stopped)?;
        let found = self.store.get(app, name, None).await?;
        if found.meta.size > FILE_MAX_BYTES {
            return Err(PictureError::TooLarge);
        }
        let content = found.bytes().await.map_err(MediaError::from)?;
        let format = if ending == "jpg" { ImageFormat::Jpeg } else { ImageFormat::Png };
        // It can't be stopped: it has its turn until it ends, whoever still waits.
        let small = tokio::task::spawn_blocking(move || {
            let small = shrink(&content, format);
            drop(turn);
            small
        });
        let small = small.await.map_err(|_| PictureError::Stopped)??;
        let mut made = Vec::with_capacity(small.copies.len());
        for (size, content) in small.copies {
            let copy = name.copy(size, ending);
            self.store.put(app, &copy, content).await?;
            made.push((size, copy));
        }
        Ok(Copies { width: small.width, height: small.height, made })
    }
}

/// Why a picture has no copies.
#[derive(Debug, thiserror::Error)]
enum PictureError {
    #[error("it is too large")]
    TooLarge,
    #[error("the process stops")]
    Stopped,
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error(transparent)]
    Image(#[from] image::ImageError),
}

struct Small {
    width: u32,
    height: u32,
    copies: Vec<(&'static str, Vec<u8>)>,
}

/// Unpacks a picture, the first frame of a moving one, and writes the copies that are smaller than itself.
fn shrink(content: &[u8], format: ImageFormat) -> Result<Small, PictureError> {
    let mut reader =
        ImageReader::new(Cursor::new(content)).with_guessed_format().map_err(image::ImageError::IoError)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODER_MAX_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(PictureError::TooLarge);
    }
    // Cameras turn a picture by a note in it, which copies don't have.
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width(), picture.height());
    let mut copies = Vec::new();
    // From large to small: each is made of the one before, which is much less to read.
    for (size, side) in SIZES.into_iter().rev().filter(|(_, side)| width.max(height) > *side) {
        picture = picture.thumbnail(side, side);
        let plain = match format {
            ImageFormat::Jpeg => DynamicImage::ImageRgb8(picture.to_rgb8()),
            _ => DynamicImage::ImageRgba8(picture.to_rgba8()),
        };
        let mut written = Cursor::new(Vec::new());
        plain.write_to(&mut written, format)?;
        copies.push((size, written.into_inner()));
    }
    Ok(Small { width, height, copies })
}

/// What clients read of one attachment.
fn row(address: &str, attachment: &Value, copies: Option<&Copies>) -> Value {
    let mut data = attachment.clone();
    let Some(copies) = copies else {
        return json!({"data": data, "error": {"code": "ERR_NO_THUMBNAIL", "message": "There are no small copies."}});
    };
    let thumbnails: Map<String, Value> = SIZES
        .iter()
        .map(|(size, _)| {
            let copy = copies.made.iter().find(|(made, _)| made == size);
            let url = copy.map_or_else(|| attachment["url"].clone(), |(_, name)| json!(format!("{address}{name}")));
            (format!("url_{size}"), url)
        })
        .collect();
    data["width"] = json!(copies.width);
    data["height"] = json!(copies.height);
    data["thumbnails"] = Value::Object(thumbnails);
    json!({"data": data, "error": null})
}

/// `metadata."@injected".extensions."thumbnail-generation"`; what else is in the metadata stays.
fn inject(data: &mut Map<String, Value>, extension: Map<String, Value>) {
    let mut place = data.entry("metadata").or_insert_with(|| json!({}));
    for key in ["@injected", "extensions"] {
        let Some(object) = place.as_object_mut() else { return };
        place = object.entry(key).or_insert_with(|| json!({}));
        // What only the server writes is overwritten where a client wrote nonsense.
        if !place.is_object() {
            *place = json!({});
        }
    }
    place[EXTENSION] = Value::Object(extension);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::task::TaskTracker;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut written = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut written, format).expect("a picture");
        written.into_inner()
    }

    fn sides(small: &Small) -> Vec<(&'static str, u32, u32)> {
        let side = |content: &[u8]| image::load_from_memory(content).map(|copy| (copy.width(), copy.height()));
        let copies = small.copies.iter().map(|(size, content)| (*size, side(content).expect("a picture")));
        copies.map(|(size, (width, height))| (size, width, height)).collect()
    }

    #[test]
    fn copies_keep_the_shape_and_are_never_larger() {
        let small = shrink(&picture(1000, 500, ImageFormat::Jpeg), ImageFormat::Jpeg).expect("copies");
        assert_eq!((small.width, small.height), (1000, 500));
        assert_eq!(sides(&small), [("large", 640, 320), ("medium", 320, 160), ("small", 150, 75)]);
        let tiny = shrink(&picture(200, 10, ImageFormat::Png), ImageFormat::Png).expect("copies");
        assert_eq!(sides(&tiny).len(), 1);
        for format in [ImageFormat::Gif, ImageFormat::WebP] {
            assert_eq!(sides(&shrink(&picture(400, 400, format), ImageFormat::Png).expect("copies")).len(), 2);
        }
    }

    #[test]
    fn bombs_and_ruins_get_none() {
        // A PNG that says it has 60,000 by 60,000 pixels.
        let mut bomb = picture(1, 1, ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
        assert!(shrink(&bomb, ImageFormat::Png).is_err());
        let whole = picture(300, 300, ImageFormat::Jpeg);
        assert!(shrink(&whole[..20], ImageFormat::Jpeg).is_err());
        assert!(shrink(b"", ImageFormat::Png).is_err());
    }

    #[tokio::test]
    async fn copies_are_named_where_clients_look() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path().to_str().expect("UTF-8"), TaskTracker::new()).expect("a store");
        let pictures = Pictures::new(store.clone());
        let (address, name) = ("http://h/media/app/", Name::fresh("png"));
        store.put("app", &name, picture(300, 300, ImageFormat::Png)).await.expect("stored");
        let url = format!("{address}{name}");
        let mut data = json!({"attachments": [{"url": url}, {"url": "https://other/1.png"}], "metadata": {"k": 1}});
        let data = data.as_object_mut().expect("an object");

        pictures.illustrate("app", address, data).await;

        assert_eq!(data["metadata"]["k"], 1);
        let found = &data["metadata"]["@injected"]["extensions"][EXTENSION];
        let small = format!("{address}{}", name.copy("small", "png"));
        assert_eq!((&found["url_small"], &found["url_large"]), (&json!(small), &json!(url)));
        let first = &found["attachments"][0];
        assert_eq!((&first["error"], &first["data"]["width"]), (&Value::Null, &json!(300)));
        assert_eq!(first["data"]["thumbnails"]["url_small"], json!(small));
        assert!(found["attachments"][1]["error"].is_object());
        store.get("app", &name.copy("small", "png"), None).await.expect("the copy");

        let mut strange = json!({"attachments": [{"url": "https://other/1.png"}]});
        pictures.illustrate("app", address, strange.as_object_mut().expect("an object")).await;
        assert!(strange.get("metadata").is_none());
    }
}
