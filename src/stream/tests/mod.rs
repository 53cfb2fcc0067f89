mod capability;
mod front;
mod hls;
mod pictures;
mod source;
