package dev.terrarium.engine.config;
class Placeholder {}
